;; Drives Emacs with lsp-mode. Prints what it saw on lines that start with "> ". The fix is made where all is ASCII: version 8.0, Debian's, takes
;; columns for characters, whatever was agreed, and would make it in the wrong place behind an emoji.
(load (expand-file-name "emacs.el" (file-name-directory load-file-name)))
(require 'lsp-mode)
(require 'lsp-diagnostics)
(require 'lsp-modeline)
(load (getenv "CONFIGURATION"))
(setq pyrelint-lsp-command (split-string (getenv "SERVER") " ")
      lsp-enabled-clients '(pyrelint) lsp-auto-guess-root t lsp-guess-root-without-session t lsp-idle-delay 0.05
      lsp-session-file (expand-file-name "session" (getenv "HOME")) lsp-server-install-dir (getenv "HOME")
      lsp-diagnostics-provider :flymake lsp-headerline-breadcrumb-enable nil lsp-enable-file-watchers nil lsp-keep-workspace-alive t)

(defun found (buffer)
  (with-current-buffer buffer (gethash (lsp--fix-path-casing buffer-file-name) (lsp-diagnostics t))))

(defun codes (buffer)
  (mapconcat #'identity (sort (mapcar (lambda (one) (format "%s" (lsp:diagnostic-code? one))) (found buffer)) #'string<) " "))

(defun visit (name)
  (find-file (expand-file-name (concat "tool/" name) (getenv "PROJECT")))
  (python-mode)
  (lsp)
  (let ((start (float-time)))
    (while (and (not (and lsp--buffer-workspaces (eq 'initialized (lsp--workspace-status (car lsp--buffer-workspaces)))))
                (< (- (float-time) start) 20))
      (accept-process-output nil 0.05)))
  (current-buffer))

(defun replace-all (buffer text)
  (with-current-buffer buffer
    (erase-buffer)
    (insert text)))

(let ((end (visit "end.py")))
  (wait-for "opened" end "RL310")
  (let* ((range (lsp:diagnostic-range (car (found end)))) (start (lsp:range-start range)))
    (say "at %d:%d" (1+ (lsp:position-line start)) (lsp:position-character start)))
  (replace-all end "import sys\n\nexit(2)\n")
  (wait-for "plain" end "RL310")
  (goto-char (point-min))
  (forward-line 2)
  (let ((fix (cl-find-if #'lsp:code-action-is-preferred? (lsp-code-actions-at-point))))
    (say "preferred: %s" (lsp:code-action-title fix))
    (lsp-execute-code-action fix))
  (wait-for "fixed" end "")
  (say-line end 3)
  (set-buffer-modified-p nil))

(drive-other-file)
(kill-emacs 0)
