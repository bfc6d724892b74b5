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
if not exist "%VPY%" goto build
"%VPY%" "%HERE%environment.py" --check
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
set "VIRTUAL_ENV="
for %%P in ("py -3" "python" "python3") do if not defined PYTHON call :try %%~P
if not defined PYTHON goto nopython
%PYTHON% "%HERE%environment.py"
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
