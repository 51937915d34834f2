# For fish 3.4 and newer: `source PACK/bin/activate.fish`; `deactivate` undoes it. Written by hatch-envpack.

# `string collect` keeps a name with a newline one word; the capture becomes a variable of that name
set -l _envpack_prefix
set -l _envpack_file (status filename | string collect)
set _envpack_file (builtin realpath -- $_envpack_file | string collect --no-trim-newlines)
string match --quiet --regex '(?s)^(?<_envpack_prefix>.*)/[^/]*/[^/]*\n$' -- $_envpack_file

if not test -f "$_envpack_prefix/bin/activate.fish" -a -f "$_envpack_prefix/pyvenv.cfg"
    echo 'activate.fish: cannot tell where the pack lies. Nothing was changed; `source` the file by its path.' >&2
    return 1
end
if string match --quiet '*:*' -- $_envpack_prefix
    echo 'activate.fish: PATH cannot hold a folder with a colon in its name. Nothing was changed; move the pack.' >&2
    return 1
end

# what is active already, ours or another's, goes first
if set -q VIRTUAL_ENV; and functions -q deactivate
    deactivate nondestructive
end

for name in PATH PYTHONHOME VIRTUAL_ENV VIRTUAL_ENV_PROMPT
    set -e -g _envpack_old_$name
    set -q $name; and set -g _envpack_old_$name $$name
end

if test "$PATH[1]" != "$_envpack_prefix/bin"
    set -gx PATH "$_envpack_prefix/bin" $PATH
end
set -gx VIRTUAL_ENV $_envpack_prefix
string match --quiet --regex '(?s)^.*/(?<_envpack_name>[^/]*)$' -- $_envpack_prefix
set -gx VIRTUAL_ENV_PROMPT $_envpack_name
set -e -g _envpack_name
set -e PYTHONHOME

if test -z "$VIRTUAL_ENV_DISABLE_PROMPT"; and functions -q fish_prompt
    functions -c fish_prompt _envpack_fish_prompt
    function fish_prompt
        set -l before $status
        printf '(%s) ' (string escape --no-quoted -- $VIRTUAL_ENV_PROMPT)
        # the prompt may show how the last command ended
        function _envpack_status --argument-names code
            return $code
        end
        _envpack_status $before
        _envpack_fish_prompt
    end
end

function deactivate --description 'Leave the pack that is active'
    for name in PATH PYTHONHOME VIRTUAL_ENV VIRTUAL_ENV_PROMPT
        set -l old _envpack_old_$name
        if set -q $old
            set -gx $name $$old
        else
            set -e -g $name
        end
        set -e -g $old
    end
    if functions -q _envpack_fish_prompt
        functions -e fish_prompt
        functions -c _envpack_fish_prompt fish_prompt
        functions -e _envpack_fish_prompt _envpack_status
    end
    # the scripts of other environments ask so for room for their own
    if test "$argv[1]" != nondestructive
        functions -e deactivate
    end
end
