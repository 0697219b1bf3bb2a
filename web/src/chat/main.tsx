import { Service } from "../api/service";
import { Desk } from "./desk";
import { mount } from "./mount";

mount(new Desk(new Service()));
