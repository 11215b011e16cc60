/** How programs are told to use the proxy. */
export const recipes = {
  shell: 'Shell',
  bash: 'bash',
  powershell: 'PowerShell',
  cmd: 'Command Prompt',
  environment: 'Environment',
  withoutSocks: 'Programs without SOCKS',
  socksPrograms: 'SOCKS programs',
  windows: 'Windows',
  firefox: 'Settings, Network Settings, Manual: {where}',
  firefoxHttp: 'HTTP proxy {host}, port {port}, also for HTTPS',
  firefoxSocks: 'SOCKS v5 host {host}, port {port}',
  firefoxScript: 'Settings, Network Settings, Automatic URL: data:,{script}',
  windowsSettings: 'Settings, Network & internet, Proxy, Manual: {host}, port {port}',
  ownOnly:
    'Other computers do not reach this address: for them, let the proxy listen on the local network or on all addresses in the settings.',
} as const;
