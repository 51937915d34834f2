# For PowerShell 5.1 and newer: `. PACK/bin/Activate.ps1`; `deactivate` undoes it. Written by hatch-envpack.

$envpackFile = Get-Item -LiteralPath $PSCommandPath -Force
while ($envpackFile.LinkType -eq 'SymbolicLink') {
    $envpackTarget = @($envpackFile.Target)[0]
    if (-not [System.IO.Path]::IsPathRooted($envpackTarget)) {
        $envpackTarget = [System.IO.Path]::Combine($envpackFile.DirectoryName, $envpackTarget)
    }
    $envpackFile = Get-Item -LiteralPath $envpackTarget -Force
}
$envpackBin = $envpackFile.DirectoryName
$envpackPrefix = [System.IO.Path]::GetDirectoryName($envpackBin)
$envpackSeparator = [System.IO.Path]::PathSeparator

if ($envpackPrefix.Contains($envpackSeparator)) {
    Write-Warning "PATH cannot hold a folder with $envpackSeparator in its name. Nothing was changed; move the pack."
    return
}

# what is active already, ours or another's, goes first
if ($env:VIRTUAL_ENV -and (Test-Path -LiteralPath Function:deactivate)) {
    deactivate -NonDestructive
}

$global:EnvpackOld = @{ Prompt = $null }
foreach ($envpackName in 'PATH', 'PYTHONHOME', 'VIRTUAL_ENV', 'VIRTUAL_ENV_PROMPT') {
    $global:EnvpackOld[$envpackName] = [System.Environment]::GetEnvironmentVariable($envpackName)
}

if (-not "$env:PATH".StartsWith("$envpackBin$envpackSeparator")) {
    $env:PATH = if ($env:PATH) { "$envpackBin$envpackSeparator$env:PATH" } else { $envpackBin }
}
$env:VIRTUAL_ENV = $envpackPrefix
$env:VIRTUAL_ENV_PROMPT = [System.IO.Path]::GetFileName($envpackPrefix)
$env:PYTHONHOME = $null

if (-not $env:VIRTUAL_ENV_DISABLE_PROMPT) {
    $global:EnvpackOld.Prompt = $function:prompt
    function global:prompt {
        "($env:VIRTUAL_ENV_PROMPT) " + (& $global:EnvpackOld.Prompt)
    }
}

function global:deactivate {
    param([switch] $NonDestructive)
    foreach ($name in 'PATH', 'PYTHONHOME', 'VIRTUAL_ENV', 'VIRTUAL_ENV_PROMPT') {
        # a value of null removes the variable
        [System.Environment]::SetEnvironmentVariable($name, $global:EnvpackOld[$name])
    }
    if ($global:EnvpackOld.Prompt) {
        Set-Item -Path Function:global:prompt -Value $global:EnvpackOld.Prompt
    }
    Remove-Variable -Name EnvpackOld -Scope Global
    # the scripts of other environments ask so for room for their own
    if (-not $NonDestructive) {
        Remove-Item -LiteralPath Function:deactivate
    }
}

foreach ($envpackName in 'envpackFile', 'envpackTarget', 'envpackBin', 'envpackPrefix', 'envpackSeparator') {
    Remove-Variable -Name $envpackName -ErrorAction Ignore
}
