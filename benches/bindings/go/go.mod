module bench

go 1.19

require worldstate v0.0.0

replace worldstate => ../../../bindings/go
