;;; pyrelint-lsp-mode.el --- pyrelint in Emacs by lsp-mode  -*- lexical-binding: t -*-

;; Put this file on your load-path and say in your init file:
;;   (require 'pyrelint-lsp-mode)
;; `M-x lsp' in a Python buffer starts the server beside the other Python servers (it is an add-on).

(require 'lsp-mode)

(defcustom pyrelint-lsp-command '("pyrelint" "server")
  "The command that starts the server."
  :type '(repeat string)
  :group 'lsp-mode)

(lsp-register-client
 (make-lsp-client :new-connection (lsp-stdio-connection (lambda () pyrelint-lsp-command))
                  :activation-fn (lsp-activate-on "python" "toml" "dockerfile")
                  :server-id 'pyrelint
                  :priority -2
                  :add-on? t))

(provide 'pyrelint-lsp-mode)
;;; pyrelint-lsp-mode.el ends here
