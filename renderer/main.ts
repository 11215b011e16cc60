import { run } from './commands.js';
import { connect } from './model.js';
import './workbench/workbench.js';

const command = await connect();
document.body.append(document.createElement('pico-workbench'));
if (command !== undefined) run(command);
