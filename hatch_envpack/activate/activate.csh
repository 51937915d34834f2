# For tcsh and csh: `source PACK/bin/activate.csh`; `deactivate` undoes it. Written by hatch-envpack.
# csh does not say what it reads. Where Linux does not either, the pack is where ENVPACK_PREFIX says, or here.

set _envpack_file = ""
foreach _envpack_fd (31 30 29 28 27 26 25 24 23 22 21 20 19 18 17 16 15 14 13 12 11 10 9 8 7 6 5 4 3)
    if ("$_envpack_file" == "" && -f /proc/$$/fd/$_envpack_fd) then
        set _envpack_file = "`\readlink /proc/$$/fd/$_envpack_fd`"
        if ("$_envpack_file:q" !~ */bin/activate.csh) set _envpack_file = ""
    endif
end
unset _envpack_fd
if ("$_envpack_file:q" == "") then
    if ($?ENVPACK_PREFIX) then
        set _envpack_file = "$ENVPACK_PREFIX:q/bin/activate.csh"
    else if (-f ./bin/activate.csh) then
        set _envpack_file = ./bin/activate.csh
    else if (-f ./activate.csh) then
        set _envpack_file = ./activate.csh
    endif
endif
set _envpack_prefix = ""
if ("$_envpack_file:q" != "") set _envpack_prefix = "`\sh -c 'cd -P "\""${0%/*}/.."\"" && pwd -P' $_envpack_file:q`"
unset _envpack_file

set _envpack_good = 0
if (-f "$_envpack_prefix:q/bin/activate.csh" && -f "$_envpack_prefix:q/pyvenv.cfg") set _envpack_good = 1
if ("$_envpack_prefix:q" =~ *:*) set _envpack_good = 0
if (! $_envpack_good) then
    echo 'activate.csh: cannot tell where the pack lies, or PATH cannot hold its name. Nothing was changed. Say where:'
    echo '    setenv ENVPACK_PREFIX /path/to/pack; source "$ENVPACK_PREFIX/bin/activate.csh"'
    unset _envpack_prefix
endif
