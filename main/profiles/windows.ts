import { hardwareAddress, type NetworkFacts, NO_NETWORK } from './networks.js';
import { factsOf, find, type System } from './system.js';

/** The default gateway's neighbours, addresses and suffixes, whatever language the system speaks. */
const SCRIPT = String.raw`
$ErrorActionPreference = 'SilentlyContinue'
$route = Get-NetRoute -DestinationPrefix '0.0.0.0/0','::/0' | Sort-Object RouteMetric | Select-Object -First 1
$index = $route.InterfaceIndex
@{
  gateway = (Get-NetNeighbor -InterfaceIndex $index -IPAddress $route.NextHop).LinkLayerAddress
  addresses = @(Get-NetIPAddress -InterfaceIndex $index | Where-Object { $_.PrefixOrigin -notmatch '^WellKnown\b' } | ForEach-Object { "$($_.IPAddress)/$($_.PrefixLength)" })
  domains = @((Get-DnsClient -InterfaceIndex $index).ConnectionSpecificSuffix) + @((Get-DnsClientGlobalSetting).SuffixSearchList)
} | ConvertTo-Json -Compress
`;

/** What PowerShell and netsh say. */
export async function probeWindows(system: System): Promise<NetworkFacts> {
  const encoded = Buffer.from(SCRIPT, 'utf16le').toString('base64');
  const [answer, wireless] = await Promise.all([
    system.run('powershell.exe', '-NoProfile', '-NonInteractive', '-EncodedCommand', encoded),
    system.run('netsh.exe', 'wlan', 'show', 'interfaces'),
  ]);
  const wifi = find(wireless, /^\s*SSID\s*: (.*)$/m);
  const { gateway, addresses, domains } = read(answer);
  return factsOf(
    hardwareAddress(textsOf(gateway)[0] ?? ''),
    wifi,
    textsOf(domains),
    textsOf(addresses),
  );
}

function read(answer: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(answer) as Record<string, unknown>;
  } catch {
    return { ...NO_NETWORK };
  }
}

function textsOf(value: unknown): string[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((one) => typeof one === 'string');
}
