module worldstate

go 1.19
