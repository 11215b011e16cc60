import { readFile } from 'node:fs/promises';
import type { AccessRequest, Denial, ExtensionContext } from 'picosocks5';

/** What the list says: names in lower case. */
let names: ReadonlySet<string> = new Set();
let refused = 0;

/** The entry that a name falls under: the name itself, or one above it. */
function entryFor(name: string): string | undefined {
  const labels = name.toLowerCase().replace(/\.$/, '').split('.');
  for (let i = 0; i < labels.length; i++) {
    const above = labels.slice(i).join('.');
    if (names.has(above)) return above;
  }
  return undefined;
}

/** Asked about each address of a destination: { by } refuses it. */
function onAddress({ destination }: AccessRequest): Denial | undefined {
  const entry = entryFor(destination.host);
  return entry === undefined ? undefined : { by: `blocklist ${entry}` };
}

async function readNames({ configuration }: ExtensionContext): Promise<ReadonlySet<string>> {
  const own = configuration.get<readonly string[]>('blocklist.names') ?? [];
  const file = configuration.get<string>('blocklist.file');
  const text = file === undefined ? '' : await readFile(file, 'utf8');
  const lines = text.split('\n').map((line) => line.replace(/#.*/, '').trim());
  return new Set([...own, ...lines].filter((line) => line !== '').map((one) => one.toLowerCase()));
}

/** Called once, before the server accepts anybody. What it throws keeps the server from starting. */
export async function activate(context: ExtensionContext): Promise<void> {
  const { registries, configuration, commands, log } = context;
  names = await readNames(context);
  log.info(`${names.size} names`);
  registries.accessPolicies.register({ id: 'blocklist', onAddress });
  registries.eventSinks.register({
    id: 'blocklist',
    wants: (type) => type === 'rejected',
    handle(event) {
      if (event.type === 'rejected' && event.detail.startsWith('blocklist ')) refused++;
    },
  });
  commands.register('blocklist.test', (name = '') => {
    const entry = entryFor(name);
    const answer = entry === undefined ? 'is not on the list' : `falls under ${entry}`;
    return `${name} ${answer}; ${refused} requests were refused`;
  });
  // After a reload with other settings. If it throws, all is as it was.
  configuration.onDidChange(async () => {
    names = await readNames(context);
    log.info(`${names.size} names`);
  });
}
