;;; pyrelint-eglot.el --- pyrelint in Emacs by eglot  -*- lexical-binding: t -*-

;; Put this file on your load-path and say in your init file:
;;   (require 'pyrelint-eglot)
;;   (pyrelint-eglot-register)
;; `M-x eglot' in a Python buffer starts the server; findings are shown by flymake, fixes by `M-x eglot-code-actions'. eglot runs one
;; server for each buffer: where you want another one beside it, use lsp-mode (see pyrelint-lsp-mode.el).

(require 'eglot)

(defvar pyrelint-eglot-command '("pyrelint" "server")
  "The command that starts the server.")

(defun pyrelint-eglot-register ()
  "Make pyrelint the server of Python buffers."
  (setf (alist-get 'python-mode eglot-server-programs) pyrelint-eglot-command)
  (when (boundp 'python-ts-mode-hook)
    (setf (alist-get 'python-ts-mode eglot-server-programs) pyrelint-eglot-command)))

(provide 'pyrelint-eglot)
;;; pyrelint-eglot.el ends here
