# For tcsh and csh: `source PACK/bin/activate.csh`; `deactivate` undoes it. Written by hatch-envpack.

# These shells do not say what they read, but Linux does: a descriptor, the newest first, is this file.
# Elsewhere the pack is where ENVPACK_PREFIX says, or here.
set _envpack_prefix = ""
foreach _envpack_fd (31 30 29 28 27 26 25 24 23 22 21 20 19 18 17 16 15 14 13 12 11 10 9 8 7 6 5 4 3)
    if ("$_envpack_prefix:q" == "" && -f /proc/$$/fd/$_envpack_fd) then
        set _envpack_file = "`\readlink /proc/$$/fd/$_envpack_fd`"
        if ("$_envpack_file:q" =~ */bin/activate.csh) set _envpack_prefix = "$_envpack_file:h:h:q"
        unset _envpack_file
    endif
end
unset _envpack_fd
if ("$_envpack_prefix:q" == "") then
    set _envpack_prefix = "$cwd:q"
    # not on one line: `if (...) command` would expand the variable that is not there
    if ($?ENVPACK_PREFIX) then
        set _envpack_prefix = "$ENVPACK_PREFIX:q"
    endif
    if ("$_envpack_prefix:q" !~ /*) set _envpack_prefix = "$cwd:q/$_envpack_prefix:q"
endif

set _envpack_good = 0
if (-f "$_envpack_prefix:q/bin/activate.csh" && -f "$_envpack_prefix:q/pyvenv.cfg") set _envpack_good = 1
if ("$_envpack_prefix:q" =~ *:*) set _envpack_good = 0
if ($_envpack_good) then
    # what is active already, ours or another's, goes first
    if ($?VIRTUAL_ENV && "`alias deactivate`" != "") then
        deactivate nondestructive
    endif

    set _envpack_old_had = ($?PATH $?PYTHONHOME $?VIRTUAL_ENV $?VIRTUAL_ENV_PROMPT 0)
    set _envpack_old_path = "" _envpack_old_home = "" _envpack_old_env = "" _envpack_old_name = "" _envpack_old_prompt = ""
    if ($?PATH) then
        set _envpack_old_path = "$PATH:q"
    endif
    if ($?PYTHONHOME) then
        set _envpack_old_home = "$PYTHONHOME:q"
    endif
    if ($?VIRTUAL_ENV) then
        set _envpack_old_env = "$VIRTUAL_ENV:q"
    endif
    if ($?VIRTUAL_ENV_PROMPT) then
        set _envpack_old_name = "$VIRTUAL_ENV_PROMPT:q"
    endif

    if ("$_envpack_old_path:q" == "") then
        setenv PATH "$_envpack_prefix:q/bin"
    else if ("$path[1]:q" != "$_envpack_prefix:q/bin") then
        setenv PATH "$_envpack_prefix:q/bin:$PATH:q"
    endif
    setenv VIRTUAL_ENV "$_envpack_prefix:q"
    setenv VIRTUAL_ENV_PROMPT "$_envpack_prefix:t:q"
    unsetenv PYTHONHOME
    if ($?prompt && ! $?VIRTUAL_ENV_DISABLE_PROMPT) then
        set _envpack_old_had[5] = 1
        set _envpack_old_prompt = "$prompt:q"
        # a prompt is expanded: % is doubled, and ! shown as _
        set _envpack_name = "$VIRTUAL_ENV_PROMPT:gas/%/%%/:q"
        set _envpack_name = "$_envpack_name:gas/\!/_/:q"
        set prompt = "($_envpack_name:q) $prompt:q"
        unset _envpack_name
    endif

    alias _envpack_1 'setenv PATH "$_envpack_old_path:q"; if (! $_envpack_old_had[1]) unsetenv PATH'
    alias _envpack_2 'if ($_envpack_old_had[2]) setenv PYTHONHOME "$_envpack_old_home:q"'
    alias _envpack_3 'setenv VIRTUAL_ENV "$_envpack_old_env:q"; if (! $_envpack_old_had[3]) unsetenv VIRTUAL_ENV'
    alias _envpack_4 'setenv VIRTUAL_ENV_PROMPT "$_envpack_old_name:q"; if (! $_envpack_old_had[4]) unsetenv VIRTUAL_ENV_PROMPT'
    alias _envpack_5 'if ($_envpack_old_had[5]) set prompt = "$_envpack_old_prompt:q"'
    alias _envpack_6 'unset _envpack_old_*; unalias deactivate; unalias _envpack_*'
    alias deactivate '_envpack_1; _envpack_2; _envpack_3; _envpack_4; _envpack_5; _envpack_6'
else
    echo 'activate.csh: cannot tell where the pack lies, or PATH cannot hold its name. Nothing was changed. Say where:'
    echo '    setenv ENVPACK_PREFIX /path/to/pack; source "$ENVPACK_PREFIX/bin/activate.csh"'
endif
unset _envpack_prefix _envpack_good
