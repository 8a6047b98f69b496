//! The C interface: conversion only.
