// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Token} from "Token.sol";

/// @title A constant-product market of two tokens; 0.3 % of what comes in stays with the providers.
contract Pair {
    Token public immutable token0;
    Token public immutable token1;

    uint112 public reserve0;
    uint112 public reserve1;
    uint32 public updatedAt;
    uint256 public price0Cumulative;
    uint256 public price1Cumulative;
    uint256 public totalShares;
    mapping(address provider => uint256) public sharesOf;
    uint256 private entered;

    event Sync(uint112 reserve0, uint112 reserve1);
    event Swap(address indexed sender, uint256 in0, uint256 in1, uint256 out0, uint256 out1, address indexed to);
    event Mint(address indexed to, uint256 amount0, uint256 amount1, uint256 shares);

    error Reentered();
    error NoLiquidity();
    error ProductFell(uint256 before, uint256 afterwards);

    constructor(address a, address b) {
        token0 = Token(a);
        token1 = Token(b);
    }

    modifier once() {
        if (entered == 2) revert Reentered();
        entered = 2;
        _;
        entered = 1;
    }

    /// What was sent to the pair beforehand becomes shares of `to`.
    function mint(address to) external once returns (uint256 shares) {
        (uint256 balance0, uint256 balance1) = balances();
        uint256 amount0 = balance0 - reserve0;
        uint256 amount1 = balance1 - reserve1;
        if (totalShares == 0) {
            shares = sqrt(amount0 * amount1);
        } else {
            uint256 shares0 = amount0 * totalShares / reserve0;
            uint256 shares1 = amount1 * totalShares / reserve1;
            shares = shares0 < shares1 ? shares0 : shares1;
        }
        if (shares == 0) revert NoLiquidity();
        totalShares += shares;
        sharesOf[to] += shares;
        update(balance0, balance1);
        emit Mint(to, amount0, amount1, shares);
    }

    /// Pays out, and then wants the product of the reserves to be no smaller than before.
    function swap(uint256 out0, uint256 out1, address to) external once {
        (uint256 r0, uint256 r1) = (reserve0, reserve1);
        if (out0 >= r0 || out1 >= r1) revert NoLiquidity();
        if (out0 > 0) token0.transfer(to, out0);
        if (out1 > 0) token1.transfer(to, out1);
        (uint256 balance0, uint256 balance1) = balances();
        uint256 in0 = balance0 > r0 - out0 ? balance0 - (r0 - out0) : 0;
        uint256 in1 = balance1 > r1 - out1 ? balance1 - (r1 - out1) : 0;
        uint256 product = (balance0 * 1000 - in0 * 3) * (balance1 * 1000 - in1 * 3);
        if (product < r0 * r1 * 1_000_000) revert ProductFell(r0 * r1 * 1_000_000, product);
        update(balance0, balance1);
        emit Swap(msg.sender, in0, in1, out0, out1, to);
    }

    function reserves(address token) external view returns (uint256 own, uint256 other) {
        return token == address(token0) ? (reserve0, reserve1) : (reserve1, reserve0);
    }

    function balances() private view returns (uint256, uint256) {
        return (token0.balanceOf(address(this)), token1.balanceOf(address(this)));
    }

    function update(uint256 balance0, uint256 balance1) private {
        unchecked {
            uint256 elapsed = uint32(block.timestamp) - updatedAt;
            if (elapsed > 0 && reserve0 > 0 && reserve1 > 0) {
                price0Cumulative += (uint256(reserve1) << 112) / reserve0 * elapsed;
                price1Cumulative += (uint256(reserve0) << 112) / reserve1 * elapsed;
            }
        }
        reserve0 = uint112(balance0);
        reserve1 = uint112(balance1);
        updatedAt = uint32(block.timestamp);
        emit Sync(reserve0, reserve1);
    }

    function sqrt(uint256 y) private pure returns (uint256 z) {
        z = y;
        for (uint256 x = y / 2 + 1; x < z; x = (y / x + x) / 2) z = x;
    }
}
