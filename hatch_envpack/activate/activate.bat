@echo off
rem For cmd: PACK\bin\activate.bat; "deactivate" undoes it. Written by hatch-envpack.

if defined _ENVPACK_ACTIVE call "%~dp0deactivate.bat"
if not defined _ENVPACK_ACTIVE if defined VIRTUAL_ENV if exist "%VIRTUAL_ENV%\Scripts\deactivate.bat" call "%VIRTUAL_ENV%\Scripts\deactivate.bat"

set "_ENVPACK_OLD_PATH=%PATH%"
set "_ENVPACK_OLD_PYTHONHOME=%PYTHONHOME%"
set "_ENVPACK_OLD_VIRTUAL_ENV=%VIRTUAL_ENV%"
set "_ENVPACK_OLD_VIRTUAL_ENV_PROMPT=%VIRTUAL_ENV_PROMPT%"
set "_ENVPACK_OLD_PROMPT="
set "_ENVPACK_ACTIVE=1"

for %%I in ("%~dp0..") do set "VIRTUAL_ENV=%%~fI"
for %%I in ("%~dp0..") do set "VIRTUAL_ENV_PROMPT=%%~nxI"
for %%I in ("%~dp0.") do set "PATH=%%~fI;%PATH%"
set "PYTHONHOME="
if defined VIRTUAL_ENV_DISABLE_PROMPT goto :end
if not defined PROMPT set "PROMPT=$P$G"
set "_ENVPACK_OLD_PROMPT=%PROMPT%"
set "PROMPT=(%VIRTUAL_ENV_PROMPT:$=$$%) %PROMPT%"

:end
exit /b 0
