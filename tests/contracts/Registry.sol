// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Pair} from "Pair.sol";

/// @title Makes pairs by CREATE2: the address follows from the two tokens.
contract Registry {
    mapping(address token => mapping(address other => address)) public pairOf;
    address[] public allPairs;

    event PairCreated(address indexed token0, address indexed token1, address pair, uint256 count);

    error SameToken(address token);
    error PairExists(address pair);

    function create(address a, address b) external returns (address pair) {
        if (a == b) revert SameToken(a);
        (address token0, address token1) = a < b ? (a, b) : (b, a);
        if (pairOf[token0][token1] != address(0)) revert PairExists(pairOf[token0][token1]);
        pair = address(new Pair{salt: keccak256(abi.encodePacked(token0, token1))}(token0, token1));
        pairOf[token0][token1] = pair;
        pairOf[token1][token0] = pair;
        allPairs.push(pair);
        emit PairCreated(token0, token1, pair, allPairs.length);
    }

    function count() external view returns (uint256) {
        return allPairs.length;
    }
}
