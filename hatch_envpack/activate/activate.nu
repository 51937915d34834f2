# For Nushell 0.101 and newer: `overlay use PACK/bin/activate.nu`; `deactivate` undoes it. Written by hatch-envpack.

const self = path self

export-env {
    let bin = $self | path expand | path dirname
    let prefix = $bin | path dirname
    let name = $prefix | path basename
    # one that is active already makes room: Nushell restores what was before both
    let other = $env.VIRTUAL_ENV? | default $prefix | path join ($bin | path basename)
    let key = if "Path" in $env { "Path" } else { "PATH" }
    let rest = $env | get --optional $key | default [] | where {|folder| $folder not-in [$bin $other] }
    load-env {
        $key: ($rest | prepend $bin)
        VIRTUAL_ENV: $prefix
        VIRTUAL_ENV_PROMPT: $name
    }
    hide-env --ignore-errors PYTHONHOME

    if ($env.VIRTUAL_ENV_DISABLE_PROMPT? | is-empty) and ($env.PROMPT_COMMAND? | is-not-empty) {
        let old = if ENVPACK_OLD_PROMPT in $env { $env.ENVPACK_OLD_PROMPT } else { $env.PROMPT_COMMAND }
        $env.ENVPACK_OLD_PROMPT = $old
        $env.PROMPT_COMMAND = {||
            let shown = if ($old | describe) == "closure" { do $old } else { $old }
            $"\(($name)) ($shown)"
        }
    }
}

export alias deactivate = overlay hide activate
