-- pyrelint for Neovim 0.11 and later. Put this file into ~/.config/nvim/lsp/pyrelint.lua as it is, and say in init.lua:
--   vim.lsp.enable('pyrelint')
-- Neovim asks for findings as you type; fixes are code actions (`gra`).
local configuration = {
  cmd = { 'pyrelint', 'server' },
  -- Besides Python: configuration, where rules' pages are shown, and what is deployed, for rules about that.
  filetypes = { 'python', 'toml', 'systemd', 'dockerfile', 'requirements' },
  root_markers = { 'pyrelint.toml', '.pyrelint.toml', 'pyproject.toml', 'setup.cfg', 'setup.py', '.git' },
  -- Whether syntax errors are shown, which your Python server says already.
  init_options = { showSyntaxErrors = false },
}

-- Loaded by hand (`:source`, `dofile`), it enables itself.
if not (debug.getinfo(1, 'S').source or ''):find('/lsp/pyrelint%.lua$') then
  vim.lsp.config('pyrelint', configuration)
  vim.lsp.enable('pyrelint')
end

return configuration
