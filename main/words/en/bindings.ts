/** What is wrong with keys of commands. */
export const bindings = {
  bindingExpected: '"{entry}": expected COMMAND=KEY, such as log.open=Ctrl+L',
  unknownCommand: '"{entry}": there is no command "{id}"',
  notGlobal: '"{entry}": a global key is one of {commands}',
  keyExpected: '"{entry}": expected a key such as Ctrl+Shift+P or F6',
  keyModifier: '"{entry}": expected a key with Ctrl or Alt, or a function key',
  keyReserved: '"{entry}": this key is needed for editing and zooming',
} as const;
