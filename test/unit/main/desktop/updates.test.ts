import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, test } from 'node:test';
import { notesOf, type Updater, Updates } from '#main/desktop/updates.js';

/** What fetches newer versions, as a test says. */
class FakeUpdater extends EventEmitter implements Updater {
  channel: string | null = null;
  allowPrerelease = true;
  allowDowngrade = true;
  autoDownload = false;
  autoInstallOnAppQuit = false;
  checks = 0;
  /** What comes of a look. */
  outcome: () => void = () => this.emit('update-not-available');
  readonly installed: boolean[] = [];

  async checkForUpdates(): Promise<void> {
    this.checks++;
    this.outcome();
  }

  quitAndInstall(_isSilent: boolean, isForceRunAfter: boolean): void {
    this.installed.push(isForceRunAfter);
  }
}

function made(updater: FakeUpdater | undefined) {
  const [ready, notes, prepared] = [[], [], []] as [string[], string[], string[]];
  const updates = new Updates({
    load: async () => updater,
    prepare: async () => void prepared.push('prepared'),
    ready: (version) => ready.push(version),
    note: (message) => notes.push(message),
  });
  return { updates, ready, notes, prepared };
}

const RELEASE = { version: '9.0.0', releaseNotes: '## New\n- a thing' };

describe('newer versions', () => {
  test('are looked for as the user wants, never older ones, and not at all if it is off', async (t) => {
    const updater = new FakeUpdater();
    const { updates } = made(updater);
    t.after(() => updates.dispose());
    await updates.start('off');
    assert.deepEqual([updates.state.state, updater.checks], ['off', 0]);
    await updates.start('preview');
    assert.deepEqual([updater.channel, updater.allowPrerelease], ['beta', true]);
    assert.equal(updater.allowDowngrade, false);
    await updates.start('stable');
    assert.deepEqual([updater.channel, updater.allowPrerelease], ['latest', false]);
    assert.deepEqual([updates.state.state, updater.checks], ['current', 2]);
  });

  test('one is fetched, told of once, and begun with when its user wants that', async (t) => {
    const updater = new FakeUpdater();
    const { updates, ready, prepared } = made(updater);
    t.after(() => updates.dispose());
    const states: string[] = [];
    updates.on('state', ({ state, percent }) => states.push(`${state} ${percent ?? ''}`.trim()));
    await assert.rejects(updates.restart(), /no newer version to begin with/);
    updater.outcome = () => {
      updater.emit('update-available', RELEASE);
      updater.emit('download-progress', { percent: 41.2 });
      updater.emit('download-progress', { percent: 41.9 });
      updater.emit('update-downloaded', RELEASE);
    };
    await updates.start('stable');
    assert.deepEqual(states, ['checking', 'downloading 0', 'downloading 41', 'ready']);
    assert.equal(updates.state.notes, RELEASE.releaseNotes);
    // The next look finds the same, or nothing out.
    await updates.check();
    updater.outcome = () => updater.emit('error', new Error('no network'));
    await updates.check();
    assert.deepEqual([updates.state.state, ready], ['ready', ['9.0.0']]);
    await updates.restart();
    assert.deepEqual([prepared, updater.installed], [['prepared'], [true]]);
    // Who wants none does not get the one that is there by itself.
    await updates.start('off');
    assert.equal(updater.autoInstallOnAppQuit, false);
    assert.equal(updates.state.state, 'ready');
  });

  test('what went wrong is in the state and in the log, once; the next look is a new one', async (t) => {
    const updater = new FakeUpdater();
    const { updates, notes } = made(updater);
    t.after(() => updates.dispose());
    updater.outcome = () => {
      updater.emit('error', new Error('HttpError: 404\nHeaders: ...'));
      throw new Error('HttpError: 404\nHeaders: ...');
    };
    await updates.start('stable');
    assert.deepEqual([updates.state.state, updates.state.problem], ['failed', 'HttpError: 404']);
    assert.deepEqual(notes, ['no look for updates: HttpError: 404']);
    updater.outcome = () => updater.emit('update-not-available');
    await updates.check();
    assert.equal(updates.state.state, 'current');
  });

  test('where nothing tells of any, that is said', async (t) => {
    const { updates } = made(undefined);
    t.after(() => updates.dispose());
    await updates.start('stable');
    assert.equal(updates.state.state, 'unsupported');
  });

  test('what is new is text, whatever the release has', () => {
    assert.equal(notesOf({ version: '1', releaseNotes: '- *one* <b>' }), '- *one* <b>');
    const html =
      '<h2>New</h2>\n<ul>\n<li>a &lt;b&gt; &amp;amp; <code>c</code></li>\n<li>d</li></ul>';
    const script = '<p>e<script>alert(1)</script></p>';
    assert.equal(
      notesOf({ version: '1', releaseNotes: html + script }),
      '## New\n\n- a <b> &amp; `c`\n- d\n\nealert(1)',
    );
    const several = [{ note: 'one' }, { note: null }, { note: 'two' }];
    assert.match(notesOf({ version: '1', releaseNotes: several }), /^one\n+two$/);
    assert.equal(notesOf({ version: '1', releaseNotes: 'x'.repeat(50_000) }).length, 20_000);
    assert.equal(notesOf({ version: '1', releaseNotes: null }), '');
  });
});
