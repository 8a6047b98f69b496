// Runs a ganache on a free port, which its own command line does not offer.
const ganache = require(process.argv[2]);
const server = ganache.server({ logging: { quiet: true }, wallet: { deterministic: true } });
server.listen(0, "127.0.0.1").then(
    () => console.log(`Listening on 127.0.0.1:${server.address().port}`),
    (error) => {
        console.error(error);
        process.exit(1);
    },
);
