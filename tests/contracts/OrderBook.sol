// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Token} from "Token.sol";

/// @title Sell orders of one token for another, cheapest first in a linked list; a buyer walks down the list.
contract OrderBook {
    struct Order {
        address maker;
        uint96 price;
        uint128 amount;
        uint128 next;
    }

    Token public immutable goods;
    Token public immutable money;
    uint256 public first;
    uint256 public count;
    mapping(uint256 id => Order) public orderOf;
    mapping(address maker => uint256) public openOf;

    event Placed(uint256 indexed id, address indexed maker, uint256 price, uint256 amount);
    event Filled(uint256 indexed id, address indexed taker, uint256 amount, uint256 paid);

    error TooDear(uint256 price, uint256 limit);

    constructor(address goods_, address money_) {
        goods = Token(goods_);
        money = Token(money_);
    }

    /// `price` is money for one whole of goods (10^18 units).
    function place(uint96 price, uint128 amount) external returns (uint256 id) {
        goods.transferFrom(msg.sender, address(this), amount);
        id = ++count;
        uint256 before = 0;
        uint256 here = first;
        while (here != 0 && orderOf[here].price <= price) (before, here) = (here, orderOf[here].next);
        orderOf[id] = Order(msg.sender, price, amount, uint128(here));
        if (before == 0) first = id;
        else orderOf[before].next = uint128(id);
        openOf[msg.sender]++;
        emit Placed(id, msg.sender, price, amount);
    }

    /// Buys `amount`, never dearer than `limit`.
    function buy(uint128 amount, uint96 limit) external returns (uint256 paid) {
        uint256 id = first;
        uint128 left = amount;
        while (left > 0 && id != 0) {
            Order storage order = orderOf[id];
            if (order.price > limit) revert TooDear(order.price, limit);
            uint128 part = order.amount < left ? order.amount : left;
            uint256 cost = uint256(part) * order.price / 1e18;
            money.transferFrom(msg.sender, order.maker, cost);
            emit Filled(id, msg.sender, part, cost);
            paid += cost;
            left -= part;
            order.amount -= part;
            if (order.amount == 0) {
                openOf[order.maker]--;
                uint256 next = order.next;
                delete orderOf[id];
                id = next;
            }
        }
        first = id;
        goods.transfer(msg.sender, amount - left);
    }
}
