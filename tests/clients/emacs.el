;; What the scripts that drive Emacs share. They define `codes' (what a buffer shows), `visit' and `replace-all' before `drive-other-file'.
(setq make-backup-files nil auto-save-default nil create-lockfiles nil)
;; Debian puts packages where -Q does not look.
(dolist (folder (file-expand-wildcards "/usr/share/emacs/site-lisp/elpa-src/*")) (add-to-list 'load-path folder))
(require 'cl-lib)
(require 'python)
(require 'flymake)

(defun say (&rest words) (princ (concat "> " (apply #'format words) "\n")))

(defun say-line (buffer number)
  (with-current-buffer buffer
    (goto-char (point-min))
    (forward-line (1- number))
    (say "line: %s" (buffer-substring-no-properties (line-beginning-position) (line-end-position)))))

(defun wait-for (what buffer expected)
  (let ((start (float-time)))
    (while (and (not (equal (codes buffer) expected)) (< (- (float-time) start) 20))
      (accept-process-output nil 0.05)
      (with-current-buffer buffer (when flymake-mode (flymake-start))))
    (say "%s: %s" what (codes buffer))
    (unless (equal (codes buffer) expected) (kill-emacs 1))))

(defun drive-other-file ()
  "An unsaved edit in one file takes the finding in another away and brings it back."
  (let ((starter (visit "__main__.py")))
    (wait-for "starter" starter "RL314")
    (let ((cli (visit "cli.py")))
      (replace-all cli (getenv "SILENT"))
      (wait-for "silent" starter "")
      (replace-all cli (getenv "TELLS"))
      (wait-for "tells" starter "RL314")
      (dolist (buffer (list cli starter)) (with-current-buffer buffer (set-buffer-modified-p nil))))))
