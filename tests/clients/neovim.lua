-- Drives Neovim 0.11 as its users set it up (vim.lsp.config). Prints what it saw on lines that start with "> ".
local project, server = os.getenv('PROJECT'), vim.split(os.getenv('SERVER'), ' ')
local function say(...) io.stdout:write('> ' .. string.format(...) .. '\n') end
local function codes(buffer)
  local found = {}
  for _, diagnostic in ipairs(vim.diagnostic.get(buffer)) do table.insert(found, diagnostic.code) end
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
dofile(os.getenv('CONFIGURATION'))
vim.lsp.config('pyrelint', { cmd = server })

-- The finding, at its place behind text that is not ASCII; the preferred fix; the finding is gone.
local ending = open('end.py')
until_shown('opened', ending, 'RL310')
local found = vim.diagnostic.get(ending)[1]
say('at %d:%d', found.lnum + 1, found.col)
vim.api.nvim_win_set_cursor(0, { 3, 0 })
vim.lsp.buf.code_action({ apply = true, filter = function(action) return action.isPreferred end })
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
local client = vim.lsp.get_clients({ name = 'pyrelint' })[1]
local hover = client:request_sync('textDocument/hover', vim.lsp.util.make_position_params(0, client.offset_encoding), 20000, comment)
say('hover: %s', vim.split(hover.result.contents.value, '\n')[1])
client:stop()
say('stopped: %s', vim.wait(5000, function() return client:is_stopped() end, 20))
vim.cmd('qall!')
