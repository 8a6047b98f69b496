// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Pair} from "Pair.sol";
import {Registry} from "Registry.sol";
import {Token} from "Token.sol";

/// @title Swaps along a path of tokens, each two neighbours of which have a pair.
contract Router {
    Registry public immutable registry;

    error Late(uint256 deadline);
    error NoPair(address a, address b);
    error TooLittle(uint256 wanted, uint256 got);

    constructor(address registry_) {
        registry = Registry(registry_);
    }

    function addLiquidity(address a, address b, uint256 amountA, uint256 amountB, address to) external returns (uint256) {
        Pair pair = find(a, b);
        Token(a).transferFrom(msg.sender, address(pair), amountA);
        Token(b).transferFrom(msg.sender, address(pair), amountB);
        return pair.mint(to);
    }

    function quote(uint256 amount, address[] calldata path) public view returns (uint256[] memory amounts) {
        amounts = new uint256[](path.length);
        amounts[0] = amount;
        for (uint256 i = 1; i < path.length; i++) {
            (uint256 own, uint256 other) = find(path[i - 1], path[i]).reserves(path[i - 1]);
            uint256 paid = amounts[i - 1] * 997;
            amounts[i] = paid * other / (own * 1000 + paid);
        }
    }

    function swap(uint256 amount, uint256 least, address to, uint256 deadline, address[] calldata path) external returns (uint256 got) {
        if (block.timestamp > deadline) revert Late(deadline);
        uint256[] memory amounts = quote(amount, path);
        got = amounts[path.length - 1];
        if (got < least) revert TooLittle(least, got);
        Token(path[0]).transferFrom(msg.sender, address(find(path[0], path[1])), amount);
        for (uint256 i = 1; i < path.length; i++) {
            Pair pair = find(path[i - 1], path[i]);
            address next = i + 1 < path.length ? address(find(path[i], path[i + 1])) : to;
            (uint256 out0, uint256 out1) = path[i - 1] < path[i] ? (uint256(0), amounts[i]) : (amounts[i], uint256(0));
            pair.swap(out0, out1, next);
        }
    }

    function find(address a, address b) private view returns (Pair pair) {
        pair = Pair(registry.pairOf(a, b));
        if (address(pair) == address(0)) revert NoPair(a, b);
    }
}
