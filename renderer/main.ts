import { reportAsking } from './bridge.js';
import { run } from './commands.js';
import { connect } from './model.js';
import './workbench/workbench.js';

// While it waits for answers, what it shows may not be the latest.
reportAsking((isAsking) => document.documentElement.classList.toggle('asking', isAsking));
const command = await connect();
document.body.append(document.createElement('pico-workbench'));
if (command !== undefined) run(command);
