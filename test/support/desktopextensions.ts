import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import type { AppWindow } from './appwindow.js';
import type { DesktopApp } from './desktopapp.js';

/** What is chosen in dialogs, and what is answered to the question whom to trust. */
export interface Answers {
  readonly path?: string;
  readonly trusts?: boolean;
}

/** Answers for the user. */
export async function answer(
  { electron }: DesktopApp,
  { path, trusts = true }: Answers,
): Promise<void> {
  await electron.evaluate(
    ({ dialog }, given) => {
      dialog.showOpenDialog = async () => ({
        canceled: given.path === undefined,
        filePaths: given.path === undefined ? [] : [given.path],
      });
      const asked: string[] = [];
      Object.assign(globalThis, { asked });
      dialog.showMessageBox = async (...args: unknown[]) => {
        const { message, detail } = args.at(-1) as { message: string; detail: string };
        asked.push(`${message}\n${detail}`);
        return { response: given.trusts ? 0 : 1, checkboxChecked: false };
      };
    },
    { path, trusts },
  );
}

/** What was asked since the last {@link answer}. */
export function asked({ electron }: DesktopApp): Promise<string[]> {
  return electron.evaluate(() => (globalThis as unknown as { asked: string[] }).asked);
}

/** What the view shows of the extension that is chosen. */
export function details(app: AppWindow, name: string) {
  return app.page.getByRole('article', { name: `Extension ${name}` });
}

/** Installs an extension, enables it, and waits until it runs. */
export async function install(app: DesktopApp, folder: string, name = 'Guard'): Promise<void> {
  await app.show('Extensions');
  await answer(app, { path: folder });
  await app.button('Install from folder').click();
  await details(app, name)
    .getByText(/^(Active|Enabled)$/)
    .first()
    .waitFor();
}

/** Runs a command by its title. */
export async function runCommand({ page }: AppWindow, title: string): Promise<void> {
  await page.keyboard.press('Control+Shift+P');
  await page.getByRole('combobox', { name: 'Command' }).fill(title);
  await page.getByRole('option', { name: title, exact: true }).click();
}

/** Waits until something is so, at most 10 s. */
export async function becomes<T>(expected: T, look: () => Promise<T>): Promise<void> {
  for (let i = 0; i < 100 && (await look()) !== expected; i++) await setTimeout(100);
  assert.equal(await look(), expected);
}
