// The few words of JSON-RPC that the demo needs of a development node: its accounts are unlocked, each transaction makes a block.

export async function rpc(method, ...params) {
  const response = await fetch(process.env.WORLDSTATE_RPC_URL, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
  const { result, error } = await response.json();
  if (error) throw new Error(`${method}: ${error.message} (${error.code})`);
  return result;
}

/** Sends a transaction and waits for its receipt. */
export async function send(transaction) {
  const hash = await rpc("eth_sendTransaction", transaction);
  for (let tries = 0; tries < 200; tries++) {
    const receipt = await rpc("eth_getTransactionReceipt", hash);
    if (receipt?.status === "0x1") return receipt;
    if (receipt) throw new Error(`transaction ${hash} was reverted`);
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error(`transaction ${hash} was not mined`);
}

/** 32 bytes of hex for a number or an address, without prefix. */
export const word = (value) => BigInt(value).toString(16).padStart(64, "0");

/** The storage slot of `mapping[key]`, where the mapping itself stands at `slot`. */
export const mappingSlot = (key, slot) => rpc("web3_sha3", `0x${word(key)}${word(slot)}`);

/** A contract as compile.mjs wrote it, callable at an address. */
export class Contract {
  constructor(artifact, address) {
    this.artifact = artifact;
    this.address = address;
  }

  static async deploy(artifact, from, ...args) {
    const receipt = await send({ from, data: artifact.bytecode + args.map(word).join("") });
    return new Contract(artifact, receipt.contractAddress);
  }

  send(from, signature, ...args) {
    return send({ from, to: this.address, data: `0x${this.artifact.selectors[signature]}${args.map(word).join("")}` });
  }
}
