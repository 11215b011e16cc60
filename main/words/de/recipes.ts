import type { recipes as english } from '../en/recipes.js';
import type { Translation } from '../translation.js';

export const recipes = {
  shell: 'Shell',
  bash: 'bash',
  powershell: 'PowerShell',
  cmd: 'Eingabeaufforderung',
  environment: 'Umgebung',
  withoutSocks: 'Programme ohne SOCKS',
  socksPrograms: 'SOCKS-Programme',
  windows: 'Windows',
  firefox: 'Einstellungen, Verbindungs-Einstellungen, Manuell: {where}',
  firefoxHttp: 'HTTP-Proxy {host}, Port {port}, auch für HTTPS',
  firefoxSocks: 'SOCKS-v5-Host {host}, Port {port}',
  firefoxScript: 'Einstellungen, Verbindungs-Einstellungen, Automatische URL: data:,{script}',
  windowsSettings: 'Einstellungen, Netzwerk und Internet, Proxy, Manuell: {host}, Port {port}',
  ownOnly:
    'Andere Computer erreichen diese Adresse nicht: Lassen Sie den Proxy für sie in den Einstellungen im lokalen Netzwerk oder an allen Adressen lauschen.',
} satisfies Translation<typeof english>;
