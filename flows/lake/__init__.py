"""The lakehouse that NIANBAO_PUBLISH names: its address, and each night what is published put into it."""
