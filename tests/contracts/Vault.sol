// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Token} from "Token.sol";

/// @title Staking: rewards by share and time, and votes that can be delegated. Made to stand behind a proxy.
contract Vault {
    struct Position {
        uint128 amount;
        uint64 since;
        uint64 unlocksAt;
        uint256 rewardDebt;
        address delegate;
    }

    struct Checkpoint {
        uint64 since;
        uint192 votes;
    }

    Token public token;
    uint256 public rate;
    uint256 public staked;
    uint256 public perShare;
    uint256 public updatedAt;
    mapping(address owner => Position) public positionOf;
    mapping(address delegate => Checkpoint[]) public checkpointsOf;

    event Staked(address indexed owner, uint256 amount, address indexed delegate);
    event Paid(address indexed owner, uint256 amount, uint256 reward);

    error AlreadyInitialised();
    error Locked(uint256 until);
    error TooMuch(uint256 wanted, uint256 there);

    function initialise(address token_, uint256 rate_) external {
        if (address(token) != address(0)) revert AlreadyInitialised();
        token = Token(token_);
        rate = rate_;
        updatedAt = block.timestamp;
    }

    function stake(uint256 amount, address delegate) external {
        settle();
        Position storage position = positionOf[msg.sender];
        uint256 reward = pending(position);
        vote(position.delegate, position.amount, false);
        token.transferFrom(msg.sender, address(this), amount);
        position.amount += uint128(amount);
        position.since = uint64(block.timestamp);
        position.unlocksAt = uint64(block.timestamp);
        position.rewardDebt = position.amount * perShare / 1e18;
        position.delegate = delegate;
        staked += amount;
        vote(delegate, position.amount, true);
        if (reward > 0) token.transfer(msg.sender, reward);
        emit Staked(msg.sender, amount, delegate);
    }

    function withdraw(uint256 amount) external {
        settle();
        Position storage position = positionOf[msg.sender];
        if (block.timestamp < position.unlocksAt) revert Locked(position.unlocksAt);
        if (amount > position.amount) revert TooMuch(amount, position.amount);
        uint256 reward = pending(position);
        position.amount -= uint128(amount);
        position.rewardDebt = position.amount * perShare / 1e18;
        staked -= amount;
        vote(position.delegate, amount, false);
        token.transfer(msg.sender, amount + reward);
        emit Paid(msg.sender, amount, reward);
    }

    function votesOf(address delegate) external view returns (uint256) {
        Checkpoint[] storage all = checkpointsOf[delegate];
        return all.length == 0 ? 0 : all[all.length - 1].votes;
    }

    function settle() private {
        if (staked > 0) perShare += (block.timestamp - updatedAt) * rate * 1e18 / staked;
        updatedAt = block.timestamp;
    }

    function pending(Position storage position) private view returns (uint256) {
        return position.amount * perShare / 1e18 - position.rewardDebt;
    }

    function vote(address delegate, uint256 amount, bool more) private {
        if (delegate == address(0) || amount == 0) return;
        Checkpoint[] storage all = checkpointsOf[delegate];
        uint192 last = all.length == 0 ? 0 : all[all.length - 1].votes;
        all.push(Checkpoint(uint64(block.timestamp), more ? last + uint192(amount) : last - uint192(amount)));
    }
}
