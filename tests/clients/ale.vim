" Drives Vim with ALE. Writes what it saw to $OUT. Columns are left out, and the fix is made where all is ASCII: behind other text ALE counts
" columns its own way, also in what it edits.
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

function! s:ApplyPreferred(data, items) abort
  for [l:kind, l:action] in a:items
    if get(l:action, 'isPreferred', v:false)
      call ale#codefix#ApplyLSPCodeAction(a:data, l:action)
      " A script does not come to where Vim sees that the text changed.
      ALELint
    endif
  endfor
endfunction

function! s:Run(timer) abort
  let l:end = s:Open('end.py')
  call s:Until('opened', l:end, '3:RL310')
  call s:Replace(l:end, "import sys\n\nexit(2)")
  call s:Until('plain', l:end, '3:RL310')
  call cursor(3, 1)
  call ale#codefix#Execute(0, function('s:ApplyPreferred'))
  call s:Until('fixed', l:end, '')
  call add(s:said, '> line: ' . getbufline(l:end, 3)[0])
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
