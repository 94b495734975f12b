-- pyrelint for Neovim 0.7 to 0.10. Put this file into ~/.config/nvim/lua/pyrelint.lua as it is, and say in init.lua:
--   require('pyrelint').setup()
-- `setup` takes what `vim.lsp.start_client` does, to be laid over what is below. Findings come as you type; fixes are code actions
-- (`:lua vim.lsp.buf.code_action()`).
local M = {}

local configuration = {
  name = 'pyrelint',
  cmd = { 'pyrelint', 'server' },
  -- Whether syntax errors are shown, which your Python server says already.
  init_options = { showSyntaxErrors = false },
}

-- Besides Python: configuration, where rules' pages are shown, and what is deployed, for rules about that.
local filetypes = { 'python', 'toml', 'systemd', 'dockerfile', 'requirements' }
local markers = { 'pyrelint.toml', '.pyrelint.toml', 'pyproject.toml', 'setup.cfg', 'setup.py', '.git' }

-- The folder of the nearest marker above a file, else the file's own.
local function root(file)
  local folder = vim.fn.fnamemodify(file, ':p:h')
  local candidate = folder
  while true do
    for _, marker in ipairs(markers) do
      if vim.loop.fs_stat(candidate .. '/' .. marker) then return candidate end
    end
    local parent = vim.fn.fnamemodify(candidate, ':h')
    if parent == candidate then return folder end
    candidate = parent
  end
end

-- One client for each root. Before 0.8 Neovim does not look for the one that runs.
local clients = {}

local function attach(buffer, options)
  local file = vim.api.nvim_buf_get_name(buffer)
  if file == '' or vim.api.nvim_buf_get_option(buffer, 'buftype') ~= '' then return end
  local folder = root(file)
  local client = clients[folder] and vim.lsp.get_client_by_id(clients[folder])
  if not client or client.is_stopped() then
    clients[folder] = vim.lsp.start_client(vim.tbl_deep_extend('force', configuration, { root_dir = folder }, options))
  end
  if clients[folder] then vim.lsp.buf_attach_client(buffer, clients[folder]) end
end

function M.setup(options)
  local group = vim.api.nvim_create_augroup('pyrelint', { clear = true })
  vim.api.nvim_create_autocmd('FileType', {
    group = group,
    pattern = filetypes,
    callback = function(event) attach(event.buf, options or {}) end,
  })
end

return M
