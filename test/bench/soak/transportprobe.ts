import { tcp } from '#core/transport/handles.js';

/** Says which transport a server has that runs as this process does. */
process.stdout.write(tcp === undefined ? 'socket' : 'handles');
