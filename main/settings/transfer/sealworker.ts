import { parentPort, workerData } from 'node:worker_threads';
import { armor, Decrypter, Encrypter } from 'age-encryption';
import { messageOf } from 'picosocks5';
import type { SealAnswer, SealCall } from './seal.js';

async function answer({ action, text, passphrase, work }: SealCall): Promise<SealAnswer> {
  try {
    if (action === 'seal') {
      const encrypter = new Encrypter();
      encrypter.setPassphrase(passphrase);
      if (work !== undefined) encrypter.setScryptWorkFactor(work);
      return { text: armor.encode(await encrypter.encrypt(text)) };
    }
    const decrypter = new Decrypter();
    decrypter.addPassphrase(passphrase);
    return { text: await decrypter.decrypt(armor.decode(text), 'text') };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

parentPort?.postMessage(await answer(workerData as SealCall));
