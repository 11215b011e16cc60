import { connect } from './model.js';
import './workbench/workbench.js';

await connect();
document.body.append(document.createElement('pico-workbench'));
