# Gives back the proxy settings that the app has changed, when it is removed and not updated.
!macro customUnInstall
  ${ifNot} ${isUpdated}
    ExecWait '"$INSTDIR\${APP_EXECUTABLE_FILENAME}" --give-back-system-proxy'
  ${endIf}
!macroend
