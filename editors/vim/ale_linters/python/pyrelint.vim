" pyrelint for Vim and Neovim with ALE: put this file into ~/.vim/ale_linters/python/pyrelint.vim, and say in your vimrc:
"   let g:ale_linters = {'python': ['pyrelint']}
call ale#Set('python_pyrelint_executable', 'pyrelint')

call ale#linter#Define('python', {
\   'name': 'pyrelint',
\   'lsp': 'stdio',
\   'executable': {buffer -> ale#Var(buffer, 'python_pyrelint_executable')},
\   'command': '%e server',
\   'project_root': function('ale#python#FindProjectRoot'),
\})
