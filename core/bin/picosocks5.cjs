#!/usr/bin/env node
'use strict';
// CommonJS, since this has to run before anything uses libuv's thread pool: names are resolved
// there (getaddrinfo(3) blocks a thread), and four threads are few when names are slow.
process.env.UV_THREADPOOL_SIZE ??= '32';
import('../dist/cli/main.js').then(({ main }) => main(process.argv.slice(2)));
