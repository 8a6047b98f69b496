// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title What few contracts do: creations of any code, failures of every kind, the environment, precompiled contracts.
contract Odds {
    uint256 public counter;
    mapping(uint256 key => uint256) public valueOf;
    address public made;

    event Made(address indexed made, bool called, bytes returned);
    event Asked(address indexed contract_, bool success, bytes answer);
    event Environment(uint256[11] words, address[2] people);
    event Seen(address indexed account, uint256 balance, uint256 size, bytes32 hash, bytes head);
    event Attempted(uint256 indexed how, bool success, bytes data);

    error Custom(uint256 how, address by, bytes data);

    constructor() payable {}

    receive() external payable {
        counter += msg.value;
    }

    /// Creates a contract, by CREATE2 where `salt` is not zero, and calls it with `data` where that is not empty.
    function make(uint256 salt, bytes calldata data, bytes memory code) external payable {
        address child;
        assembly {
            switch salt
            case 0 { child := create(callvalue(), add(code, 32), mload(code)) }
            default { child := create2(callvalue(), add(code, 32), mload(code), salt) }
        }
        made = child;
        bool called;
        bytes memory returned;
        if (child != address(0) && data.length > 0) (called, returned) = child.call(data);
        emit Made(child, called, returned);
    }

    /// The same for a contract made earlier.
    function poke(address child, bytes calldata data) external payable {
        (bool called, bytes memory returned) = child.call{value: msg.value}(data);
        emit Made(child, called, returned);
    }

    function fail(uint256 how) public returns (uint256) {
        counter = 7;
        if (how == 0) revert("there is no such thing");
        if (how == 1) return counter - 8;
        if (how == 2) return 8 / (counter - 7);
        if (how == 3) revert Custom(how, msg.sender, hex"c0ffee");
        if (how == 4) revert();
        if (how == 5) assembly { invalid() }
        if (how == 6) while (true) valueOf[counter++] = how;
        if (how == 7) assert(counter == 8);
        if (how == 8) return new uint256[](3)[how];
        if (how == 9) return this.fail(3);
        return how;
    }

    /// Fails inside a call of its own, and goes on.
    function attempt(uint256 how, uint256 gas_) external {
        valueOf[how]++;
        (bool success, bytes memory data) = address(this).call{gas: gas_}(abi.encodeCall(this.fail, (how)));
        valueOf[how + 1]++;
        emit Attempted(how, success, data);
    }

    /// Writes where nothing may be written.
    function forbidden() external {
        (bool success, bytes memory data) = address(this).staticcall{gas: 50_000}(abi.encodeCall(this.churn, (3, 1)));
        emit Attempted(100, success, data);
    }

    /// Fills `count` slots and clears every `step`th again.
    function churn(uint256 count, uint256 step) external {
        for (uint256 i = 0; i < count; i++) valueOf[1000 + i] = valueOf[i] + i + 1;
        for (uint256 i = 0; i < count; i += step) delete valueOf[1000 + i];
    }

    function ask(address contract_, bytes calldata input) external {
        (bool success, bytes memory answer) = contract_.staticcall(input);
        emit Asked(contract_, success, answer);
    }

    function environment() external {
        uint256[11] memory words = [
            block.number,
            block.timestamp,
            block.gaslimit,
            block.basefee,
            block.prevrandao,
            block.chainid,
            block.blobbasefee,
            uint256(blockhash(block.number - 1)),
            uint256(blockhash(block.number - 7)),
            uint256(blockhash(block.number)),
            tx.gasprice
        ];
        for (uint256 i = 0; i < 11; i++) valueOf[2000 + i] = words[i];
        emit Environment(words, [block.coinbase, tx.origin]);
    }

    function see(address account) external {
        bytes memory head = new bytes(40);
        assembly {
            extcodecopy(account, add(head, 32), 3, 40)
        }
        emit Seen(account, account.balance, account.code.length, account.codehash, head);
    }
}
