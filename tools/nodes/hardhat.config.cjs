// The least that `hardhat node` asks for. It compiles nothing.
module.exports = { solidity: "0.8.28" };
