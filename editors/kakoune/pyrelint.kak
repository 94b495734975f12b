# pyrelint for Kakoune with kakoune-lsp 17 and later: source this file from your kakrc, after the line that loads kakoune-lsp and before
# `lsp-enable`. Besides Python: configuration, where rules' pages are shown, and what is deployed, for rules about that.
hook -group pyrelint global BufSetOption filetype=(?:python|toml|dockerfile|systemd) %{
    set-option -add buffer lsp_servers %{
        [pyrelint]
        args = ["server"]
        root_globs = ["pyrelint.toml", ".pyrelint.toml", "pyproject.toml", "setup.cfg", "setup.py", ".git", ".hg"]
        settings_section = "pyrelint"
        [pyrelint.settings.pyrelint]
        # Whether syntax errors are shown, which your Python server says already.
        showSyntaxErrors = false
    }
}
