import type { bindings as english } from '../en/bindings.js';
import type { Translation } from '../translation.js';

export const bindings = {
  bindingExpected: '„{entry}“: Erwartet wird BEFEHL=TASTE, etwa log.open=Ctrl+L',
  unknownCommand: '„{entry}“: Es gibt keinen Befehl „{id}“',
  notGlobal: '„{entry}“: Eine globale Taste haben können {commands}',
  keyExpected: '„{entry}“: Erwartet wird eine Taste wie Ctrl+Shift+P oder F6',
  keyModifier: '„{entry}“: Erwartet wird eine Taste mit Ctrl oder Alt oder eine Funktionstaste',
  keyReserved: '„{entry}“: Diese Taste wird zum Bearbeiten und Zoomen gebraucht',
} satisfies Translation<typeof english>;
