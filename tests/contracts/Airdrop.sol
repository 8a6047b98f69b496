// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Token} from "Token.sol";

/// @title Shares out a token that it holds.
contract Airdrop {
    mapping(address owner => uint256) public given;

    function list(Token token, uint256 amount, address[] calldata owners) external {
        for (uint256 i = 0; i < owners.length; i++) {
            given[owners[i]] += amount;
            token.transfer(owners[i], amount);
        }
    }

    /// `count` transfers to `owners` consecutive addresses, in turn.
    function rain(Token token, uint256 amount, uint160 firstOwner, uint256 owners, uint256 count) external {
        for (uint256 i = 0; i < count; i++) {
            token.transfer(address(firstOwner + uint160(i % owners)), amount);
        }
    }
}
