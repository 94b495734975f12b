-- Drives Neovim as its users set it up: by vim.lsp.config since 0.11, by an autocommand before. Prints what it saw on lines that start with "> ".
local project, server = os.getenv('PROJECT'), vim.split(os.getenv('SERVER'), ' ')
local is_new = vim.fn.has('nvim-0.11') == 1
local function say(...) io.stdout:write('> ' .. string.format(...) .. '\n') end
local function codes(buffer)
  local found = {}
  -- Before 0.8 the code is only in what the server sent.
  for _, diagnostic in ipairs(vim.diagnostic.get(buffer)) do table.insert(found, diagnostic.code or diagnostic.user_data.lsp.code) end
  table.sort(found)
  return table.concat(found, ' ')
end
local function until_shown(what, buffer, expected)
  local shown = vim.wait(20000, function() return codes(buffer) == expected end, 20)
  say('%s: %s', what, codes(buffer))
  if not shown then vim.cmd('cquit 1') end
end
local function open(name)
  vim.cmd('edit ' .. vim.fn.fnameescape(project .. '/tool/' .. name))
  return vim.api.nvim_get_current_buf()
end
local function replace(buffer, text) vim.api.nvim_buf_set_lines(buffer, 0, -1, false, vim.split(vim.trim(text), '\n')) end

vim.cmd('filetype on')
vim.o.hidden = true
local configuration = dofile(os.getenv('CONFIGURATION'))
if is_new then vim.lsp.config('pyrelint', { cmd = server }) else configuration.setup({ cmd = server }) end

-- The client, with its methods called alike in both versions.
local function client()
  local found = (vim.lsp.get_clients or vim.lsp.get_active_clients)({ name = 'pyrelint' })[1]
  return setmetatable({}, {
    __index = function(_, name)
      local value = found[name]
      if type(value) ~= 'function' then return value end
      return function(_, ...)
        if is_new then return value(found, ...) end
        return value(...)
      end
    end,
  })
end

local function apply_preferred_fix(buffer, found)
  vim.api.nvim_win_set_cursor(0, { found.lnum + 1, found.col })
  if is_new then
    vim.lsp.buf.code_action({ apply = true, filter = function(action) return action.isPreferred end })
    return
  end
  -- Before 0.8 actions cannot be filtered: what `vim.lsp.buf.code_action` does with the chosen one is done here.
  local parameters = vim.lsp.util.make_range_params(0, client().offset_encoding)
  parameters.context = { diagnostics = vim.lsp.diagnostic.get_line_diagnostics(buffer) }
  local answer = client():request_sync('textDocument/codeAction', parameters, 20000, buffer)
  for _, action in ipairs(answer.result) do
    if action.isPreferred then vim.lsp.util.apply_workspace_edit(action.edit, client().offset_encoding) end
  end
end

local function main()
  -- The finding, at its place behind text that is not ASCII; the preferred fix; the finding is gone.
  local ending = open('end.py')
  until_shown('opened', ending, 'RL310')
  local found = vim.diagnostic.get(ending)[1]
  say('at %d:%d', found.lnum + 1, found.col)
  say('encoding: %s', client().offset_encoding)
  apply_preferred_fix(ending, found)
  until_shown('fixed', ending, '')
  say('line: %s', vim.api.nvim_buf_get_lines(ending, 2, 3, false)[1])

  -- A change in one buffer, not saved, takes the finding in the other away and brings it back.
  local starter = open('__main__.py')
  until_shown('starter', starter, 'RL314')
  local cli = open('cli.py')
  replace(cli, os.getenv('SILENT'))
  until_shown('silent', starter, '')
  replace(cli, os.getenv('TELLS'))
  until_shown('tells', starter, 'RL314')

  -- The page of the rule that a comment names.
  local comment = open('comment.py')
  vim.api.nvim_buf_set_lines(comment, 0, -1, false, { 'exit(2)  # pyrelint: ignore[site-exit]' })
  vim.api.nvim_win_set_cursor(0, { 1, 32 })
  local server_client = client()
  local position = vim.lsp.util.make_position_params(0, server_client.offset_encoding)
  local hover = server_client:request_sync('textDocument/hover', position, 20000, comment)
  say('hover: %s', vim.split(hover.result.contents.value, '\n')[1])
  server_client:stop()
  say('stopped: %s', vim.wait(5000, function() return server_client:is_stopped() end, 20))
end

local succeeded, trouble = xpcall(main, debug.traceback)
if not succeeded then
  io.stderr:write(trouble .. '\n')
  vim.cmd('cquit 2')
end
vim.cmd('qall!')
