import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DesktopApp } from '../support/desktopapp.js';
import { startDesktopSession } from '../support/desktopsession.js';
import { unlessDesktop } from '../support/electron.js';
import { echoServer, freePort, serve } from '../support/sockets.js';
import { address, assertEcho, connected, request } from '../support/socks.js';

test('the live log', { skip: unlessDesktop() }, async (t) => {
  const session = await startDesktopSession(t);
  const app = await DesktopApp.start(session);
  const port = await freePort(t);
  await app.startServer(port);
  await app.show('Connections');
  await app.sees(/Nothing yet: connections appear here/);
  const table = app.page.getByRole('grid', { name: 'Connections' });
  const row = (text: string) => table.getByRole('row').filter({ hasText: text });

  const echo = await echoServer(t);
  const client = await connected(t, port, echo);
  await assertEcho(client, 'x'.repeat(1000));
  await row(`127.0.0.1:${echo}`).getByText('open').waitFor();
  await row(`127.0.0.1:${echo}`).getByText('1.0 kB').first().waitFor();

  const nowhere = await freePort(t);
  const refused = await request(t, port, 1, address('127.0.0.1', nowhere));
  assert.equal(refused.reply.reply, 5);
  await row(`127.0.0.1:${nowhere}`).getByText('failed', { exact: true }).waitFor();
  await row(`127.0.0.1:${nowhere}`)
    .getByText('the destination could not be reached (unreachable): connection refused')
    .waitFor();

  const formula = await request(t, port, 1, address('=1+1', 80));
  assert.notEqual(formula.reply.reply, 0);
  await row('=1+1:80').waitFor();

  const other = await serve(t, (socket) => socket.end('bye'));
  const short = await connected(t, port, other);
  await short.read(3);
  short.socket.end();
  await row(`127.0.0.1:${other}`).getByText('closed').waitFor();

  await app.page.getByLabel('Filter connections').fill(`:${nowhere}`);
  await app.sees('1 of 4 rows');
  assert.equal(await table.getByRole('row').count(), 2);
  await app.page.getByLabel('Filter connections').fill('');
  await app.page.getByLabel('State').selectOption('open');
  await app.sees('1 of 4 rows');
  await app.page.getByLabel('State').selectOption('');
  await app.sees(/^4 rows/);

  await app.button('Pause').click();
  const unseen = await connected(t, port, echo);
  await assertEcho(unseen);
  await app.page.waitForTimeout(300);
  assert.equal(await table.getByRole('row').count(), 5);
  await app.button('Pause').click();
  await app.sees(/^5 rows/);
  unseen.socket.destroy();

  const out = join(session.home, 'log');
  const saveAs = (file: string) =>
    app.electron.evaluate(({ dialog }, path) => {
      dialog.showSaveDialog = async () => ({ canceled: false, filePath: path });
    }, file);
  await saveAs(out);
  await app.button('Export CSV').click();
  await app.sees(/were written to .*log/);
  const [head = '', ...lines] = readFileSync(out, 'utf8').trim().split('\r\n');
  assert.match(head, /^id,time,client,user,/);
  assert.equal(lines.length, 5);
  assert.match(lines[2] ?? '', /,'=1\+1:80,/);
  await saveAs(`${out}.json`);
  await app.button('Export JSON').click();
  await app.sees(/were written to .*log\.json/);
  const objects = readFileSync(`${out}.json`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(objects[1].destination, `127.0.0.1:${nowhere}`);
  assert.equal(objects[1].state, 'failed');

  await row(`127.0.0.1:${echo}`).first().click();
  await app.button('Disconnect').click();
  await client.readAll();
  await row('disconnected').waitFor();
  await app.button('Clear').click();
  await app.sees(/Nothing yet/);
  assert.deepEqual(app.console, []);
});
