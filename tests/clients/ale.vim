" Drives Vim with ALE. Writes what it saw to $OUT. Columns are left out: behind text that is not ASCII ALE counts them its own way.
set nocompatible noswapfile viminfo= hidden
let &runtimepath = $EDITOR_FILES . ',' . &runtimepath
packadd ale
let g:ale_set_balloons = 0
let g:ale_lint_on_text_changed = 'always'
let g:ale_lint_delay = 0
let g:ale_linters = {'python': ['pyrelint']}
let g:ale_linters_explicit = 1
" The command of the tests in the place of the installed program.
let g:ale_python_pyrelint_executable = split($SERVER)[0]
filetype plugin on

let s:said = []

function! s:Codes(buffer) abort
  let l:found = get(get(g:ale_buffer_info, a:buffer, {}), 'loclist', [])
  return join(sort(map(copy(l:found), {_, item -> item.lnum . ':' . get(item, 'code', '')})))
endfunction

function! s:Until(what, buffer, expected) abort
  let l:tries = 400
  while s:Codes(a:buffer) !=# a:expected && l:tries > 0
    sleep 50m
    let l:tries -= 1
  endwhile
  call add(s:said, '> ' . a:what . ': ' . s:Codes(a:buffer))
  if l:tries == 0
    call writefile(s:said, $OUT)
    cquit
  endif
endfunction

function! s:Open(name) abort
  execute 'edit' fnameescape($PROJECT . '/tool/' . a:name)
  ALELint
  return bufnr('')
endfunction

function! s:Replace(buffer, text) abort
  execute 'buffer' a:buffer
  silent %delete _
  call setline(1, split(a:text, "\n"))
  ALELint
endfunction

function! s:Run(timer) abort
  call s:Until('opened', s:Open('end.py'), '3:RL310')
  let l:starter = s:Open('__main__.py')
  call s:Until('starter', l:starter, '4:RL314')
  let l:cli = s:Open('cli.py')
  call s:Replace(l:cli, $SILENT)
  call s:Until('silent', l:starter, '')
  call s:Replace(l:cli, $TELLS)
  call s:Until('tells', l:starter, '4:RL314')
  call writefile(s:said, $OUT)
  qall!
endfunction

autocmd VimEnter * call timer_start(10, function('s:Run'))
