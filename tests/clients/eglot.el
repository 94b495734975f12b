;; Drives Emacs with eglot. Prints what it saw on lines that start with "> ".
(load (expand-file-name "emacs.el" (file-name-directory load-file-name)))
(require 'eglot)
(load (getenv "CONFIGURATION"))
(setq pyrelint-eglot-command (split-string (getenv "SERVER") " ")
      eglot-sync-connect 10 eglot-send-changes-idle-time 0 eglot-confirm-server-initiated-edits nil)
(pyrelint-eglot-register)

(defun codes (buffer)
  "The codes that flymake shows in BUFFER: eglot writes them as `pyrelint [CODE]: ...'."
  (with-current-buffer buffer
    (let ((texts (mapcar #'flymake-diagnostic-text (flymake-diagnostics))))
      (mapconcat #'identity
                 (sort (mapcar (lambda (text) (and (string-match "RL[0-9]+" text) (match-string 0 text))) texts) #'string<)
                 " "))))

(defun visit (name)
  (find-file (expand-file-name (concat "tool/" name) (getenv "PROJECT")))
  (python-mode)
  (unless (eglot-current-server) (apply #'eglot (eglot--guess-contact)))
  (eglot--maybe-activate-editing-mode)
  (flymake-mode 1)
  (current-buffer))

(defun replace-all (buffer text)
  (with-current-buffer buffer
    (erase-buffer)
    (insert text)
    (eglot--signal-textDocument/didChange)))

(let ((end (visit "end.py")))
  (wait-for "opened" end "RL310")
  (let ((found (car (flymake-diagnostics))))
    (goto-char (flymake-diagnostic-beg found))
    ;; Columns as the protocol counts them here: units of UTF-16.
    (say "at %d:%d" (line-number-at-pos)
         (/ (length (encode-coding-string (buffer-substring (line-beginning-position) (point)) 'utf-16le)) 2))
    (let* ((actions (eglot-code-actions (flymake-diagnostic-beg found) (flymake-diagnostic-end found) nil nil))
           (fix (cl-find-if (lambda (action) (eq (plist-get action :isPreferred) t)) actions)))
      (eglot--apply-workspace-edit (plist-get fix :edit))))
  (eglot--signal-textDocument/didChange)
  (wait-for "fixed" end "")
  (say-line end 3))

(drive-other-file)
(kill-emacs 0)
