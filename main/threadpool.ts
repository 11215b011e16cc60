// Names are resolved in libuv's pool, which is made when it is first used. Its four threads would
// let one name server that does not answer hold up all clients.
process.env['UV_THREADPOOL_SIZE'] ??= '64';
