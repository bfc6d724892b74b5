@echo off
rem Windows: builds the environment in .venv when it is missing or stale, makes the sample's report and opens it.
rem   importcut.cmd                                       double click will do
rem   importcut.cmd report --dataset uzbekistan --period 2024
rem   importcut.cmd --help
rem Without a network: put the wheels of the README's recipe into a folder "wheels" beside this file first.
setlocal EnableExtensions DisableDelayedExpansion
chcp 65001 >nul
set "PYTHONUTF8=1"
set "HERE=%~dp0"
set "VPY=%HERE%.venv\Scripts\python.exe"
set "STAMP=import hashlib, pathlib, sys; h = pathlib.Path(sys.argv[1]).resolve(); s = h / '.venv' / '.built'; t = str(h) + ''.join(hashlib.sha256((h / n).read_bytes()).hexdigest() for n in ('pyproject.toml', 'requirements.txt'));"
if not exist "%VPY%" goto build
"%VPY%" -c "%STAMP% sys.exit(not s.exists() or s.read_text(encoding='utf-8') != t)" "%HERE%."
if errorlevel 1 goto build

:run
if "%~1"=="" goto sample
"%HERE%.venv\Scripts\importcut.exe" %*
if not "%errorlevel%"=="0" goto ended
if /i "%~1"=="report" goto open
goto ended

:sample
"%HERE%.venv\Scripts\importcut.exe" report --dataset sample --language all
if not "%errorlevel%"=="0" goto failed

:open
if not defined IMPORTCUT_STAY_CLOSED if exist "%HERE%reports\index.html" start "" "%HERE%reports\index.html"
exit /b 0

:ended
exit /b %errorlevel%

:build
set "PYTHON="
for %%P in ("py -3" "python" "python3") do if not defined PYTHON call :try %%~P
if not defined PYTHON goto nopython
set "PLACE="
if exist "%HERE%wheels\" set PLACE=--no-index --find-links "%HERE%wheels"
echo Building the environment in .venv: a few minutes, once.
%PYTHON% -m venv --clear "%HERE%.venv"
if errorlevel 1 goto failed
rem uv is the faster; pip stands in where only pip knows the way
"%VPY%" -m pip --quiet --disable-pip-version-check install %PLACE% uv
if not errorlevel 1 "%VPY%" -m uv pip install --quiet --python "%VPY%" %PLACE% --compile-bytecode --require-hashes --requirement "%HERE%requirements.txt"
if errorlevel 1 "%VPY%" -m pip --quiet --disable-pip-version-check install %PLACE% --require-hashes --requirement "%HERE%requirements.txt"
if errorlevel 1 goto failed
"%VPY%" -m pip --quiet --disable-pip-version-check install %PLACE% --no-deps --editable "%HERE%."
if errorlevel 1 goto failed
"%VPY%" -c "%STAMP% s.write_text(t, encoding='utf-8')" "%HERE%."
if errorlevel 1 goto failed
goto run

:try
%* -c "import sys; sys.exit(sys.version_info < (3, 11))" >nul 2>nul
if not errorlevel 1 set "PYTHON=%*"
exit /b 0

:nopython
echo importcut needs Python 3.11 or newer: install it from python.org or the Microsoft Store, then start this again.

:failed
echo importcut: that did not work; the lines above say why.
if "%~1"=="" pause
exit /b 1
